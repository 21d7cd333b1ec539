"""Who is somebody, and which tickers do they follow?"""
