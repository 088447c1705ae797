"""What printed pages say: characters and lines with their places become paragraphs and tables, whatever file they are from."""
