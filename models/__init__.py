"""What is optimised: the contracts and one folder per problem. Imports no engine."""
