"""What the headers of video streams say. Pure, as all of `containers`."""
