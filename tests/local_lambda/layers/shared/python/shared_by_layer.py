WHERE = "the shared layer"
