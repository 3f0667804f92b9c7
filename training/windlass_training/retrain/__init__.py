"""What a retraining Job does: newest data, a new model, compared with the one that serves, published when not worse."""
