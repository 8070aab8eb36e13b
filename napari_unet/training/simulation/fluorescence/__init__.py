"""Simulated fluorescence beyond nuclei: filaments, membranes, cytoplasm, light sheets, vesicles."""
