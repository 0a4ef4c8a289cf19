"""How data flows: stages, jobs, files, tracking and the command line."""
