using Afterword.Server.Reports.Pages;

namespace Afterword.Server.Tests.Reports;

public sealed class MetricTextsTests
{
    [Theory]
    [InlineData(0, "0%")]
    [InlineData(0.25, "+25%")]
    [InlineData(-0.5, "−50%")]
    [InlineData(8.99, "+899%")]
    [InlineData(9, "+900%")]
    [InlineData(289.02, "over 10×")]
    public void Growth_beside_next_to_nothing_is_no_percentage(double by, string text) => Assert.Equal(text, MetricTexts.Growth(by));
}
