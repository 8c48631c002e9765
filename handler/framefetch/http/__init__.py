"""What an answer over HTTP is made of, free of any platform: requests, answers, validators, CORS."""
