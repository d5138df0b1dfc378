"""Routes by resource. Each asks the Reader and answers with a model of `api.models`."""
