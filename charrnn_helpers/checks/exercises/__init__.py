"""The exercises: a module for each notebook, and a document for each exercise."""
