using System.Globalization;

// What no page words is read by machines and in logs: it must not follow the locale of whoever starts the program.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
return await Afterword.Server.Cli.CommandLine.RunAsync(args);
