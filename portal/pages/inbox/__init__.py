"""Pages of approvers: what waits for whom, one request on one screen, and the decision."""
