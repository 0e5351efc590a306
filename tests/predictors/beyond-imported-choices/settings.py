STYLES = ["a", *OLD]
OLD = ["b"]
