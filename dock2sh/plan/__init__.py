"""Nodes to Plan: evaluate, resolve the stage graph, fold the image config."""
