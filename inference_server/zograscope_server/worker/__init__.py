"""The process that owns one device, torch and the loaded models."""
