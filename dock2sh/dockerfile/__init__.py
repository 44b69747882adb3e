"""From text to syntax nodes: lines, words, here-documents, flags."""
