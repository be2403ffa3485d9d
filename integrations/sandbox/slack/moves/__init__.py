"""What people and the app do in a workspace, one file for each kind of thing."""
