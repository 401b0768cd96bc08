"""Which nodes are reserved is said by whoever set the source up: OpenCost cannot know."""

from audit.costs.sources.opencost_nodes import read_nodes

ASSETS = {
    "data": {
        name: {
            "type": "Node", "GPUHours": 8, "preemptible": preemptible, "properties": {"name": name, "cluster": "main"},
            "labels": {"label_nvidia_com_gpu_product": "NVIDIA-H100"},
        }
        for name, preemptible in (("gpu-h100-a", 0), ("gpu-h100-b", 1), ("gpu-l40s-a", 1), ("gpu-l40s-b", 0))
    }
}  # fmt: skip


def test_nodes_are_reserved_by_name_whatever_they_say_themselves():
    found = read_nodes(ASSETS, reserved=["gpu-h100-*"])
    assert found.classes == {
        "gpu-h100-a": "reserved", "gpu-h100-b": "reserved", "gpu-l40s-a": "spot", "gpu-l40s-b": "on_demand",
    }  # fmt: skip


def test_no_node_is_reserved_unless_named():
    assert set(read_nodes(ASSETS).classes.values()) == {"on_demand", "spot"}
