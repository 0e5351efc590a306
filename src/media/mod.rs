//! Are these two outputs the same? Text, JSON, images, audio, video: numbers first, then a verdict.
