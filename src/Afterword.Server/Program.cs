return await Afterword.Server.Cli.CommandLine.RunAsync(args);
