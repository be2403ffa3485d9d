"""What adapters of systems behind HTTP share: where one is, how it is asked, and how its answer is read safely."""
