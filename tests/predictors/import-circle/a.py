from b import Result
