"""What is done for a project beside judging it: facts, who looks after it, what stands in its way."""
