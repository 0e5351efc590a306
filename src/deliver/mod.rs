//! Sends rendered text to where people look: files, job summary, check runs, comments. Decides no verdict.
