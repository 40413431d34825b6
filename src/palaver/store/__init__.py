"""What is remembered. A module of functions for each noun, over one seam to two databases."""
