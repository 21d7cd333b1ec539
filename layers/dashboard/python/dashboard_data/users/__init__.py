"""Who somebody is, and which tickers they follow."""
