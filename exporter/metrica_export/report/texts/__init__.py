"""The texts and tables of the page: figures in the words of a language."""
