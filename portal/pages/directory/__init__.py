"""Who is who: teams, projects, people, and files that fill them."""
