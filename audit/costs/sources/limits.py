"""How long names may be: what the tables hold (models.usage). Pure."""

CLUSTER = 80
GPU_TYPE = 60
NODE = 120
NAMESPACE = 120
GPU = 80
WORKLOAD = 250
CONTAINER = 120
IMAGE = 300
DIGEST = 80
SKU = 80
DESCRIPTION = 300

MOST_BYTES = 128 * 1024 * 1024
"""Of one file."""
MOST_ROWS = 500_000
"""Of one file: about half a gigabyte of memory while it is read."""
MOST_DEEP = 40
"""Levels of a JSON document; OpenCost's own answers have six."""
MOST_LABELS = 200
"""Of one row."""
