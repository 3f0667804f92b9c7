"""MLflow: runs of what was trained, bundles as registered versions, aliases that ModelDeployments follow."""
