"""What the brake holds back: shown to those who see everything, decided by administrators."""
