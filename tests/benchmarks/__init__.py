"""Benchmarks: whether Patron keeps its promises of speed, told by ratios within one run (`make benchmark`)."""
