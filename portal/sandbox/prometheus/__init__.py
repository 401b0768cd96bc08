"""A stand-in for Prometheus that has scraped NVIDIA's DCGM exporter."""
