"""Collections: folders, tables and IIIF manifests of images with what is known of each image."""
