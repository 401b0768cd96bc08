"""Teams, projects, people: who somebody is and what they may be asked to do."""
