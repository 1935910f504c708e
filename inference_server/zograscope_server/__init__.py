"""The Zograscope helper server: plain functions over images, and the jobs that run them."""
