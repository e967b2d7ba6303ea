"""The demo: a made-up CRM to run the main job on."""
