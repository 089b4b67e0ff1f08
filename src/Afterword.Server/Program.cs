using System.Globalization;
using Afterword.Server.Cli;

if (SystemIcu.IsMissing) return SystemIcu.Complain();

// Programs and logs read what is not a page, so it must not depend on the locale of whoever starts the program.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
return await CommandLine.RunAsync(args);
