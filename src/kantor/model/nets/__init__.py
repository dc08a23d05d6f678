"""The networks: generator and critic of each preset."""
