"""A release in five acts: survey, prepare, prove, push, catch up."""
