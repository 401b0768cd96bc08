"""The demo's organisation: 600 people, 3 teams, 5 projects, 6 images."""
