"""Sigma, YARA and correlation over events. Independent of the collectors: the two meet in `soc.core.event`."""
