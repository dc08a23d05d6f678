"""What a trained model is worth: figures for DVC, and a page for people."""
