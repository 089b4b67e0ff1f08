namespace Afterword.Support;

/// <summary>Some tests have a long form, with more of the same: <c>./test --long</c> runs it.</summary>
internal static class LongForm
{
    public static bool IsOn { get; } = Environment.GetEnvironmentVariable("AFTERWORD_TEST_LONG") == "1";

    /// <summary>How many of something this run takes.</summary>
    public static int Or(int quick, int longer) => IsOn ? longer : quick;
}
