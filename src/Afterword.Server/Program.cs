using System.Globalization;

// Programs and logs read what is not a page, so it must not depend on the locale of whoever starts the program.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
return await Afterword.Server.Cli.CommandLine.RunAsync(args);
