"""What GPUs cost: teams, the organisation, images, one's own use, and what each figure means."""
