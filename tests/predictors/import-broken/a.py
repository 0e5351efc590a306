class Result(:
