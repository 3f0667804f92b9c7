class TrainingError(Exception):
    """Ends the command with exit status 1; the message says what, where, the value, the limit and what to do."""
