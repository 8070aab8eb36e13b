"""Simulated electron microscopy: axons in myelin, organelles, particles on a film."""
