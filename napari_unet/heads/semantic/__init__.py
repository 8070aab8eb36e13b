"""Classes: every painted value is one."""
