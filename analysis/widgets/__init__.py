"""What is interactive in JupyterLab: one browser a module. ipywidgets are imported in this folder alone."""
